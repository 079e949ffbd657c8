"""The kinds of rule: an extension point. `contract` says what a kind is, `registry` lists them."""
