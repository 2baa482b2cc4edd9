"""Real clients beside a plain run: datasets, pipelines, optimisation, schedulers, offline sessions, commands, APIClient."""
