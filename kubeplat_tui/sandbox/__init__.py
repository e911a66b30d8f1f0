"""The simulated AWS that stands behind the services' doors."""
