"""What the training script sends and the reading script expects: one place for both."""

import math

import numpy as np
import pandas as pd

PROJECT = "Real clients/training"
TAGS = ["first", "second"]
COMMENT = "A run that reports everything"
HALF = 500
POINTS = [math.exp(-step / 300) + math.sin(step) / 50 for step in range(1000)]
SINGLE_VALUES = {"accuracy": 0.9375, "final loss": 0.125}
PARAMETERS = {"epochs": 3, "rate": 0.01, "optimizer": {"name": "adam", "betas": [0.9, 0.999]}, "with.dot": "kept", "on": True}
NETWORK = {"layers": [64, 32], "activation": "relu", "dropout": {"first": 0.1}}
LABELS = {"background": 0, "cat": 1, "dog": 2}
METADATA = {"author": "tests", "parameters": "12345"}
PROPERTIES = {"stage": "trial", "owner": "tests"}
TEXT = "A report of text"
WEIGHTS = bytes(range(256)) * 40
HISTOGRAM = [3, 1, 4, 1, 5, 9, 2, 6]
TABLE = pd.DataFrame({"name": ["a", "b"], "count": [1, 2]})
PICTURE = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
DICTIONARY = {"a": 1, "nested": {"b": [1, 2, 3]}, "text": "ümlaut"}
ARRAY = np.linspace(0, 1, 100).reshape(10, 10)
FRAME = pd.DataFrame({"x": [1.5, 2.5, 3.5], "y": ["p", "q", "r"]}, index=["one", "two", "three"])
FILE = "the content of a file\n"
FOLDER = {"one.txt": "1", "inner/two.txt": "2"}
