"""Text of others made safe, and our own kept alike: nouns that every folder may import.

printable.py    text of a model, a server or a foreign file, for terminals, XML and other processes
syntax.py       Python source that somebody else wrote, parsed and never executed
fenced.py       whether a text is code, or an answer with code in it
wording.py      what is said the same way in many places
whole_file.py   files that are there whole or not at all
"""
