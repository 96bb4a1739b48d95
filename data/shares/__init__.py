"""Where episodes are delivered to, by kind: a folder, a server. The collector has a package of its own."""
