"""One file per neighbour of the program: environment, databases, the terminal."""
