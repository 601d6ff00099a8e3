"""From a model's name to files that an engine can load: found, verified by digest, dequantised once.

No file here loads a model to generate with it; that is the engine's.
"""
