"""SSH to an environment's machines: one connection to a bastion, and through it to every private machine."""
