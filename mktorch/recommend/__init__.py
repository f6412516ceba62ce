"""From findings to actions: rules as data, one action per target, ranked by what is at stake."""
