"""Who may speak at the broker: a site's own authority, the certificates that it signs, and the ACL that follows."""
