"""One script per question about speed, cost or quality; README.md has the findings."""
