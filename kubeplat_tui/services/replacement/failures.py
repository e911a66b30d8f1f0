"""What to do when an auto-scaling group cannot start a machine.

The reasons are those of EC2 ("Error codes for the Amazon EC2 API", RunInstances) as a scaling activity's StatusMessage
carries them ("Troubleshoot Amazon EC2 Auto Scaling", EC2 Auto Scaling user guide).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a failure. `hopeless`: the group tries again, and it fails again until somebody does that."""

    todo: str
    hopeless: bool = False


_KNOWN = (
    (
        r"insufficient.*capacity|InsufficientInstanceCapacity|not have (enough|sufficient) .*capacity",
        Advice(
            "AWS has none of this type left in this zone. The group tries again by itself; another type "
            "(secure_flavor, compute_flavor, or fallbacks of a pool) can be set and run."
        ),
    ),
    (
        r"vCPU|VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|instance limit",
        Advice("Ask AWS for a larger quota (Service Quotas, EC2), or use smaller machines.", hopeless=True),
    ),
    (
        r"VolumeLimitExceeded|MaxIOPSLimitExceeded",
        Advice("Ask AWS for more volume storage (Service Quotas, EBS).", hopeless=True),
    ),
    (
        r"InsufficientFreeAddressesInSubnet|free addresses",
        Advice(
            "The subnet has no address left: see which machines and load balancers take them.", hopeless=True
        ),
    ),
    (
        r"Invalid(AMI|ami)ID|image id|AMI.*(not exist|deregistered|no longer)",
        Advice("The image is gone: name another one with machine_image, then run.", hopeless=True),
    ),
    (
        r"KMS|Client\.InternalError|key.*(disabled|pending deletion|not accessible)",
        Advice(
            "Auto-scaling cannot use the key of the root volume: look at the key and its policy.",
            hopeless=True,
        ),
    ),
    (
        r"launch template|InvalidKeyPair|key pair|InvalidGroup|security group|instance profile|iamInstanceProfile",
        Advice("What the launch template names is gone: kubeplat run makes it again.", hopeless=True),
    ),
    (
        r"(Unsupported|not supported).*(zone|type)|does not support",
        Advice("This type is not offered in this zone: set another one, then run.", hopeless=True),
    ),
)
_OTHERWISE = Advice("The group tries again by itself; AWS's reason says what is in its way.")


def advice(message: str) -> Advice:
    """What to do about a failed launch with this StatusMessage."""
    for pattern, found in _KNOWN:
        if re.search(pattern, message, re.IGNORECASE):
            return found
    return _OTHERWISE
