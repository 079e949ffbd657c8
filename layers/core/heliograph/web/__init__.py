"""HTTP: routes, who asks, what they may send, what they get. The only room that knows Chalice."""
