"""The service: it takes what the boxes say, judges each site, keeps the record and calls people."""
