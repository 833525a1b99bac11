// Requests to the inbox. Nothing is thrown: `says` is a sentence for the reader.

export async function call(method, url, body) {
  try {
    const response = await fetch(url, {
      method, credentials: "same-origin", cache: "no-store",
      headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
    const data = await response.json().catch(() => ({}));
    if (response.status === 401) dispatchEvent(new Event("signedout"));
    return { ok: response.ok, status: response.status, data, says: data.error ?? `the inbox answered ${response.status}` };
  } catch {
    return { ok: false, status: 0, data: {}, says: "the inbox cannot be reached; your answer was not sent" };
  }
}
