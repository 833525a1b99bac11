// This page: whether somebody looks at it, and where on it a message stands for good.

export const isHere = () => document.visibilityState === "visible" && document.hasFocus();

export const addressOf = (id) => `${location.origin}${location.pathname}#m=${id}`;
