"""The trusted side: runs the hidden tests, and never executes generated code.

It asks the confined side by ``wire``, and believes nothing that comes back but its value.
"""
