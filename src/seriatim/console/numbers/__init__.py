"""The pages of numbers: sequence sets, and the series behind them."""
