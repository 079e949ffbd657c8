"""What every room stands on: errors, ids, clock. No I/O."""
