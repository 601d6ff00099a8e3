"""Soft prompts: learned virtual tokens in front of the prompt, the model frozen."""
