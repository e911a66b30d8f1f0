locals {
  # A zone may be written as its letter or as its whole name; from here on it is the whole name.
  subnets = {
    for tier, zones in {
      nat     = var.nat_subnets
      elb     = var.elb_subnets
      mgmt    = var.mgmt_subnets
      secure  = var.secure_subnets
      compute = var.compute_subnets
    } : tier => { for zone, cidr in zones : (length(zone) == 1 ? "${var.aws_region}${zone}" : zone) => cidr }
  }

  secure_nodes = {
    for id, node in var.secure_nodes : id => {
      zone    = length(node.zone) == 1 ? "${var.aws_region}${node.zone}" : node.zone
      address = node.address
    }
  }

  # Without pools of their own, the workers are one pool from the settings for all of them.
  compute_pools = {
    for name, pool in(length(var.compute_pools) > 0 ? var.compute_pools : {
      default = {
        flavor      = var.compute_flavor
        fallbacks   = []
        min         = var.compute_asg_min
        max         = var.compute_asg_max
        root_volume = var.compute_root_volume
        labels      = var.compute_labels
        taints      = []
        spot        = false
        zones       = []
      }
    }) : name => merge(pool, { zones = [for zone in pool.zones : length(zone) == 1 ? "${var.aws_region}${zone}" : zone] })
  }

  boot = {
    region             = var.aws_region
    bucket             = data.aws_s3_bucket.secrets.id
    sha256             = var.boot_bundle_sha256
    kubernetes_version = var.kubernetes_version
    kubernetes_image   = var.kubernetes_image
  }
}

module "network" {
  source = "../modules/network"

  environment        = var.environment
  region             = var.aws_region
  account            = var.aws_account
  cidr               = var.vpc_cidr
  subnets            = local.subnets
  nat_mode           = var.nat_mode
  ssh_access_list    = var.ssh_access_list
  log_retention_days = var.log_retention_days
}

module "security" {
  source = "../modules/security"

  environment         = var.environment
  vpc_id              = module.network.vpc_id
  ssh_access_list     = var.ssh_access_list
  kubeapi_access_list = var.kubeapi_access_list
  elb_subnets         = local.subnets.elb
  enable_calico       = var.enable_calico
}

module "iam" {
  source = "../modules/iam"

  environment = var.environment
  region      = var.aws_region
  account     = var.aws_account
  bucket_arn  = data.aws_s3_bucket.secrets.arn
  kms_key_arn = data.aws_kms_key.master.arn
}

module "api" {
  source = "../modules/api"

  environment    = var.environment
  vpc_id         = module.network.vpc_id
  public         = var.kubeapi_external_elb
  elb_subnets    = module.network.public_subnets.elb
  secure_subnets = module.network.subnets.secure
  groups         = module.security.groups
}

module "secure" {
  source = "../modules/secure"

  environment      = var.environment
  image            = local.image
  key_name         = data.aws_key_pair.environment.key_name
  instance_profile = module.iam.instance_profiles.secure
  security_group   = module.security.groups.secure
  subnets          = module.network.subnets.secure
  boot             = local.boot
  nodes            = local.secure_nodes
  flavor           = var.secure_flavor
  root_volume      = var.secure_root_volume
  target_groups    = values(module.api.target_groups)
}

module "compute" {
  source = "../modules/compute"

  environment      = var.environment
  image            = local.image
  key_name         = data.aws_key_pair.environment.key_name
  instance_profile = module.iam.instance_profiles.compute
  security_group   = module.security.groups.compute
  subnets          = module.network.subnets.compute
  boot             = local.boot
  pools            = local.compute_pools
}

module "bastion" {
  source = "../modules/bastion"

  environment      = var.environment
  image            = local.image
  key_name         = data.aws_key_pair.environment.key_name
  instance_profile = module.iam.instance_profiles.bastion
  security_group   = module.security.groups.mgmt
  subnets          = module.network.public_subnets.mgmt
  boot             = local.boot
  flavor           = var.bastion_flavor
  size             = var.bastion_count
}

module "dns" {
  source = "../modules/dns"

  environment          = var.environment
  vpc_id               = module.network.vpc_id
  public_zone_name     = var.public_zone_name
  public_zone_create   = var.public_zone_create
  private_zone_name    = var.private_zone_name
  kubeapi_dns          = var.kubeapi_dns
  kubeapi_internal_dns = var.kubeapi_internal_dns
  public_elb           = module.api.public
  internal_elb         = module.api.internal
  etcd_addresses       = { for id, node in var.secure_nodes : id => node.address }
}

module "audit" {
  source   = "../modules/audit"
  for_each = toset(var.enable_audit ? ["on"] : [])

  environment    = var.environment
  region         = var.aws_region
  account        = var.aws_account
  bucket_arn     = data.aws_s3_bucket.secrets.arn
  retention_days = var.log_retention_days
}
