"""Big inputs: performance records in Parquet, summed where they are.

One pass sums every row by part, asset, experiment, day and region (`days`), counts those in doubt
(`doubt`), and keeps the result by the part's hash (`cache`). Only rows of an asset's day that is in
doubt, of which a row may break a rule or share its key, are read, and checked as small inputs are.
"""
