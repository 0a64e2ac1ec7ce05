"""Whether new rows are still like those that training saw: in three layers, and what that means.

`rows` is what is known of some rows, `findings` what a comparison tells.
"""
