# The playground of {{ user }}: a small cluster to try things on, made from the template once and yours from then on.
# Every setting is described in environments/example.tfvars; what is not here keeps its default.

# ---------------------------------------------------------------------------
# Environment

environment = "{{ environment }}" # the same as this file's name

# true: AWS is simulated on this computer and nothing is paid for. false: the account below, and its bill.
sandbox = {{ sandbox | lower }}

aws_region  = "{{ region }}"
aws_account = "{{ account }}"
aws_profile = "play" # used when the shell holds no credentials

# ---------------------------------------------------------------------------
# State and secrets. Names of buckets are unique in the whole world.

terraform_bucket_name = "{{ environment }}-state-{{ suffix }}"
secrets_bucket_name   = "{{ environment }}-secrets-{{ suffix }}"

# The key that encrypts the secrets. Empty until the first run has made it and written it here.
kms_master_id = ""

# Earlier versions of secrets are not worth much here.
secrets_noncurrent_days = 7

# ---------------------------------------------------------------------------
# Who may reach it. {% if access_cidrs %}Your own address, found when this file was made: add or change networks as you move.{% else %}Nobody yet: write your networks, as in ["203.0.113.7/32"].{% endif %}

ssh_access_list     = [{% for cidr in access_cidrs %}"{{ cidr }}"{% if not loop.last %}, {% endif %}{% endfor %}]
kubeapi_access_list = [{% for cidr in access_cidrs %}"{{ cidr }}"{% if not loop.last %}, {% endif %}{% endfor %}]

# ---------------------------------------------------------------------------
# Names

public_zone_name   = "{{ environment }}.test"
public_zone_create = true # with a name of your own that its parent zone delegates, the world finds the API
private_zone_name  = "{{ environment }}.internal"

kubeapi_dns          = "kube-{{ environment }}" # kube-{{ environment }}.{{ environment }}.test
kubeapi_internal_dns = "kube"

# ---------------------------------------------------------------------------
# Network: three zones, one NAT gateway for all of them.

nat_mode = "single"
{%- for name, value in (networks | default({})).items() if name != "secure_nodes" %}

{{ name }} = {{ value | hcl }}
{%- endfor %}

# ---------------------------------------------------------------------------
# Masters: NodeID, zone and the fixed address of the etcd member.

{% if networks -%}
secure_nodes = {{ networks.secure_nodes | hcl }}
{%- else -%}
secure_nodes = {
  "0" = { zone = "{{ region }}a", address = "10.80.10.100" }
  "1" = { zone = "{{ region }}b", address = "10.80.11.100" }
  "2" = { zone = "{{ region }}c", address = "10.80.12.100" }
}
{%- endif %}

secure_flavor       = "t3.medium"
etcd_final_snapshot = false # a playground leaves nothing behind

# ---------------------------------------------------------------------------
# Workers

compute_flavor  = "t3.medium"
compute_asg_min = 3
compute_asg_max = 5

# ---------------------------------------------------------------------------
# Bastion

bastion_flavor = "t3.small"
bastion_count  = 1

# ---------------------------------------------------------------------------
# Records

log_retention_days = 7
