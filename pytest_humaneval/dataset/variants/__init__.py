"""Problems like HumanEval's with other constants and other rules, new for each seed."""
