"""What rests on autoregressive models: clicks, crackle and gaps found and filled in."""
