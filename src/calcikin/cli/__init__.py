"""The command line: `calcikin run | sweep | threshold | speciate | bench | models | show`.

Thin: each verb reads its options, calls the Python function of the same name and prints what comes
back. Results go to stdout; progress and notes go to stderr. Exit codes: 0 done, 1 failed, 2 bad
input or usage, 3 finished with failed points.
"""
