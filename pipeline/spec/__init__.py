"""The spec: its language, its findings, and the values that the rest of the program works on."""
