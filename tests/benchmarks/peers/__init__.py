"""Small programs that do with a peer, or with nothing but sockets, what nbalert does.

Each is run by the Python of its peer's environment, with this checkout on its path: they may import what is
in this folder, which imports only the standard library.
"""
