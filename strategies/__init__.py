"""The bundled strategies, by family."""
