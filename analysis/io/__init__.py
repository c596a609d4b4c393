"""Reading and writing the files of reader studies: tidy tables and the peers' formats."""
