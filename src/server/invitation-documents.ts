/** What the page of invitations asks: who has come, what is offered to them, and what they answer. */
export const MY_INVITATIONS = `query ($secret: String) { viewer { user { email } }
  myInvitations(secret: $secret) { id company invitedBy kind role note expiresAt } }`;
export const ACCEPT_INVITATION = `mutation ($id: ID!) { acceptInvitation(input: { invitationId: $id }) {
  membership { memberId } userErrors { message } } }`;
export const DECLINE_INVITATION = `mutation ($id: ID!) { declineInvitation(input: { invitationId: $id }) {
  invitation { id } userErrors { message } } }`;

/** The documents that are trusted so that the page works where only trusted ones are run. */
export const invitationDocuments = [MY_INVITATIONS, ACCEPT_INVITATION, DECLINE_INVITATION];
