"""Sends an invoice to a customer as a file of the mail, and shows what becomes of a file that is no PDF.

Reads CLARION_TARGET and CLARION_API_KEY. The key needs the scopes `trigger` and `author`, and the campaign is
`examples/invoice.yaml`.
"""

from __future__ import annotations

from clarion_client import Client, InvalidRequestError, Recipient, RecipientAttachment

INVOICE = b"%PDF-1.7\n% What your own program makes of an invoice stands here.\n"


def main() -> None:
    with Client.from_environment() as client:
        # Large files, and those of several triggers, are uploaded once and named by each trigger.
        terms = client.attachments.upload(INVOICE, file_name="terms.pdf")
        invoice = RecipientAttachment(file_name="invoice-4711.pdf", content=INVOICE)
        files = [invoice, RecipientAttachment(attachment=terms.name)]
        accepted = client.trigger("invoice", [Recipient("sent+jane@clarion.test", attachments=files)])
        print(accepted.recipients[0].outcome)

        # A file is known by its bytes, before the trigger is accepted.
        program = RecipientAttachment(file_name="invoice-4711.pdf", content=b"MZ\x90\x00")
        try:
            client.trigger("invoice", [Recipient("sent+jane@clarion.test", attachments=[program])])
        except InvalidRequestError as refused:
            for violation in refused.violations:
                print(violation.field, violation.reason)


if __name__ == "__main__":
    main()
