"""The shared edge: what is the same for every dialect between the socket and a handler. It knows no dialect."""
