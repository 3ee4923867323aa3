"""How the cases of a process would go: arrivals, people and work drawn by chance, the engine's own steps, forecasts."""
