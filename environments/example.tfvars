# An environment in earnest, with every setting there is. Copy it to environments/NAME.tfvars, set environment to NAME,
# and change what begins a line. What is commented out is the default.

# ---------------------------------------------------------------------------
# Environment

# The file's name without .tfvars: 1 to 20 lower-case letters, digits and hyphens.
environment = "example"

# true puts it in the sandbox: AWS is simulated on your computer and nothing is paid for.
# sandbox = false

aws_region  = "eu-west-2"
aws_account = "123456789012" # nothing is changed when the credentials belong to another account

# Profile of the AWS credentials files when the shell holds no credentials. Empty: the environment's name.
# aws_profile = ""

# A role to assume with those credentials, and the MFA device whose code it takes. The profile may name both as well.
# aws_role_arn   = "" # arn:aws:iam::123456789012:role/engineer
# aws_mfa_serial = "" # arn:aws:iam::123456789012:mfa/your-name

# How often a request to AWS is tried again.
# max_retries = 10

# ---------------------------------------------------------------------------
# State and secrets

terraform_bucket_name = "example-platform-state"   # made on the first run if there is none
secrets_bucket_name   = "example-platform-secrets" # unique in the whole world

# Id, ARN or alias of the KMS key for secrets and etcd volumes. Empty: the first run makes it and fills this in.
kms_master_id = "alias/example-platform"

# Days for which replaced and deleted secrets are kept.
# secrets_noncurrent_days = 90

# ssh_public_key has no place here: the run makes the environment's ssh key and passes its public half.

# ---------------------------------------------------------------------------
# Who may reach it: networks as CIDRs, at most 15 in each list. Empty, as by default: nobody.

ssh_access_list     = ["203.0.113.0/24"]
kubeapi_access_list = ["203.0.113.0/24", "198.51.100.17/32"]

# true allows 0.0.0.0/0 in the two lists.
# allow_world = false

# User to log in with. Empty: what the machines' image has (ec2-user, core, ubuntu).
# ssh_user = ""

# ---------------------------------------------------------------------------
# Names

public_zone_name = "platform.example.org" # exists already, unless:
# public_zone_create = false

private_zone_name = "example.internal"

kubeapi_dns          = "kube-example" # kube-example.platform.example.org
kubeapi_internal_dns = "kube"         # kube.example.internal

# false: no public load balancer, the API is reached from inside the VPC only.
# kubeapi_external_elb = true

# ---------------------------------------------------------------------------
# Network. A zone is written as its letter, or whole as in "eu-west-2a".

# vpc_cidr = "10.80.0.0/16"

# nat_subnets     = { a = "10.80.0.0/24", b = "10.80.1.0/24", c = "10.80.2.0/24" }
# elb_subnets     = { a = "10.80.100.0/24", b = "10.80.101.0/24", c = "10.80.102.0/24" }
# mgmt_subnets    = { a = "10.80.110.0/24", b = "10.80.111.0/24", c = "10.80.112.0/24" }
# secure_subnets  = { a = "10.80.10.0/24", b = "10.80.11.0/24", c = "10.80.12.0/24" }
# compute_subnets = { a = "10.80.20.0/24", b = "10.80.21.0/24", c = "10.80.22.0/24" }

# per_az: a NAT gateway in each zone. single: one for all, cheaper, and gone with its zone. none: no way out.
# nat_mode = "per_az"

# ---------------------------------------------------------------------------
# Kubernetes

# kubernetes_version = "1.36.3"

# Where the control plane's images are pulled from. Empty: the project's own registry.
# kubernetes_image = ""

# pod_network     = "10.10.0.0/16"
# service_network = "10.200.0.0/16" # the API is its address 1, the cluster's DNS its address 10

# true: Calico instead of Flannel.
# enable_calico = false

# ---------------------------------------------------------------------------
# Masters: NodeID, zone and the fixed address of the etcd member. One, three or five.

# secure_nodes = {
#   "0" = { zone = "a", address = "10.80.10.100" }
#   "1" = { zone = "b", address = "10.80.11.100" }
#   "2" = { zone = "c", address = "10.80.12.100" }
# }

# secure_flavor      = "m6i.large"
# secure_root_volume = 30 # GiB

# The etcd volumes. They outlive the masters.
# secure_data_volume            = 20 # GiB
# secure_data_volume_type       = "gp3"
# secure_data_volume_iops       = 3000
# secure_data_volume_throughput = 125 # MiB a second, gp3 only
# secure_data_volume_encrypted  = true
# etcd_final_snapshot           = true

# ---------------------------------------------------------------------------
# Workers: one pool from these settings,

# compute_flavor      = "m6i.large"
# compute_asg_min     = 3
# compute_asg_max     = 10
# compute_root_volume = 60 # GiB
# compute_labels      = {}

# or several, each with its own. Only flavor is required; the rest shows the defaults, but for the second pool.

# compute_pools = {
#   default = {
#     flavor      = "m6i.large"
#     fallbacks   = [] # further types, in order, when the first cannot be had
#     min         = 1
#     max         = 10
#     root_volume = 60
#     labels      = {}
#     taints      = []
#     spot        = false
#     zones       = [] # empty: every zone of compute_subnets
#   }
#   batch = {
#     flavor    = "c6i.2xlarge"
#     fallbacks = ["c5.2xlarge", "m6i.2xlarge"]
#     min       = 0
#     spot      = true
#     labels    = { purpose = "batch" }
#     taints    = ["purpose=batch:NoSchedule"]
#   }
# }

# ---------------------------------------------------------------------------
# Bastions

# bastion_flavor = "t3.micro"
# bastion_count  = 1

# ---------------------------------------------------------------------------
# Machines' start

# Pin an image's id, so that a new image is your decision. Empty: the newest Amazon Linux 2023.
# machine_image       = ""
# machine_image_owner = "amazon"

# Checksum of the bundle that machines run at their first start. Empty: they start and do nothing.
# boot_bundle_sha256 = ""

# ---------------------------------------------------------------------------
# Records

# Days for which the flow log and the audit log are kept.
# log_retention_days = 90

# true: every AWS call and every read of a secret is recorded in a bucket of its own.
# enable_audit = false
