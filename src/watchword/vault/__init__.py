"""Where keys and secrets are kept outside the database: files, AWS Secrets Manager, HashiCorp Vault."""
