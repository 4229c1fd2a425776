"""The report: charts, tables and one HTML page that holds them all."""
