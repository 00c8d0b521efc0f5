"""The three named forms of CRoZe; they are three proxies and are never mixed."""
