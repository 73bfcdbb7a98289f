"""How HNSW graphs are made, in this process and on servers alike (docs/adr/0012)."""

CONNECTIVITY = 16  # links of a node
EXPANSION_ADD = 128  # nodes that are looked at for a new one
LEAST_EXPANSION = 200  # nodes that a server looks at for a search
EXPANSION_SEARCH = 448  # more in this process, where vectors are projected and rounded
