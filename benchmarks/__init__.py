"""Questions about speed and cost, one script each; README.md says what they found."""
