"""What people take away from the page: one report as HTML, figures, spreadsheet, CSV, slides, all in a zip. The same content gives the same bytes."""
