"""The Instances screen: machines and volumes; terminating and scaling, followed in place."""
