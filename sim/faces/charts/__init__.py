"""The content of every chart, defined once: data, finding, labels, order. Drawn for the page by ``web/vega``, for files by ``drawn``."""
