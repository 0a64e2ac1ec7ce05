"""What votes, label model, end model and a little gold tell together: breakdowns, changes, suggestions, errors, worth.

`evidence` reads it all from a project; the other modules are functions of what it read, and write nothing.
"""
