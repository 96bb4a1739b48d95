"""Every state that a power cut may leave of every protocol that promises durability: each recovered, each judged."""
