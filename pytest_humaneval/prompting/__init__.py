"""From a problem to a prompt and the request for its answer (``request``): strategies by name, experiments, and
strategies that draw several answers.

The wording of the bundled strategies is not here but in ``strategies/`` at the top of the repository.
"""
