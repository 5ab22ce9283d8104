"""The pages of docs/reference, made from the code: ``python -m tests.house.reference`` writes them anew."""
