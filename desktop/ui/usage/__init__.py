"""The Usage page: figures, charts, budgets and the rows behind them."""
