variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}

variable "ssh_access_list" {
  description = "Networks that may open ssh to the bastions."
  type        = list(string)
}

variable "kubeapi_access_list" {
  description = "Networks that may reach the public load balancer of the API."
  type        = list(string)
}

variable "elb_subnets" {
  description = "Networks of the elb tier by zone, where Kubernetes puts load balancers of its own."
  type        = map(string)
}

variable "enable_calico" {
  description = "Open Calico's ports instead of Flannel's."
  type        = bool
}
