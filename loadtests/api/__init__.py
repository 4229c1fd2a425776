"""What an EHR says to Kjernejournal in each of its two generations: requests and the reading of answers, no I/O."""
