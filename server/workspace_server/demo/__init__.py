"""The forecasting example: a git remote on disk, the tables it forecasts from, and the journey that checks it all."""
