"""The page of ``utrulling web``: turn a lever, see the forecast move. Shows what ``experiments`` computes; no mathematics."""
