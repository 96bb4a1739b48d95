"""How two peers stay one game: inputs in, ticks out. Only `netcode.link` has a socket."""
