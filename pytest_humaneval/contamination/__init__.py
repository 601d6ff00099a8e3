"""Probes whether a model has seen the problems in training, each against a control.

May import all folders but ``plugin/`` and ``cluster/``. ``probes`` says what is looked at and what that cannot show.
"""
