"""Referrals as messages, in the pattern of NHS England's Booking and Referral Standard (BaRS).

`headers` and `message` read what is posted to `$process-message`, `entries` makes of it the writes
that a transaction Bundle or a PUT would be, `taking` has them done once, `answers` builds what the
sender is told then and later, `telling` and `sending` see to it that it is told, `definitions`
says beforehand what is taken. BaRS has published no use case for social prescribing: this is its
pattern, and no claim to be assured against it (docs/decisions/0028).

Source: BaRS Core 1.x (Simplifier, nhsbookingandreferralstandard) and its API specification
(github.com/NHSDigital/booking-and-referral-fhir-api), named below as "BaRS Core" with the section.
"""
