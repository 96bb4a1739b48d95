"""A seeded simulation of delivery: two stations, their copies, a share or a collector, and all that goes wrong.

The real outbox, courier, receipts, settlement, pruning, recovery, folder share and collector run; only disks, clocks
and the line to the collector are simulated. One seed is one run, and reproduces exactly.

`disks`     disks that refuse, flip, die, and a server that loses what nobody flushed
`line`      a line to the collector that drops, doubles, delays and flips
`world`     stations, share and clocks, and what may happen in them
`oracle`    what must be true at every moment and at the end; each broken law is one sentence
`campaign`  many seeds on both cores, and the coverage counters
`mutants`   deliberately broken rules, patched into the real classes for the length of a block
"""
